/* SPDX-License-Identifier: MIT */
/* Asks the example actor from C: origin_c URL. Prints the type of the reply. */
#include <stdio.h>
#include <string.h>

#include "conclib/conclib.h"

static conclib_str str(const char* text) {
  conclib_str result = {text, strlen(text)};
  return result;
}

int main(int argc, char** argv) {
  conclib_client_options options = CONCLIB_CLIENT_OPTIONS_INIT;
  conclib_error error = CONCLIB_ERROR_INIT;
  conclib_client* client = NULL;
  conclib_request request = CONCLIB_REQUEST_INIT;
  conclib_reply* reply = NULL;
  int exit_code = 0;
  if (argc != 2) return 2;
  options.url = str(argv[1]);
  if (conclib_client_open(&options, &client, &error) != CONCLIB_OK) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  request.urn = str("example_actor");
  request.type = str("ExampleReqMessage");
  request.reply_type = str("ExampleRespMessage");
  request.timeout_ms = 10000;
  reply = conclib_client_ask(client, &request);
  if (reply->status == CONCLIB_OK) {
    printf("%.*s\n", (int)reply->type.size, reply->type.data);
  } else {
    fprintf(stderr, "%s: %s\n", conclib_status_name(reply->status), reply->text.data);
    exit_code = 1;
  }
  conclib_reply_free(reply);
  conclib_client_close(client);
  return exit_code;
}
