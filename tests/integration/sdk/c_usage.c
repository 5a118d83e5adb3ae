/* SPDX-License-Identifier: MIT */
#include "tests/integration/sdk/c_usage.h"

#include <string.h>

#include "conclib/conclib.h"

const char* c_usage(const char* url) {
  static const unsigned char body[] = {0x81, 0xa5, 'v', 'a', 'l', 'u', 'e', 0x2a};
  static const conclib_str urn = CONCLIB_STR_INIT("counter/c");
  static const conclib_str type = CONCLIB_STR_INIT("Number");

  conclib_client* client = NULL;
  conclib_error error = CONCLIB_ERROR_INIT;
  conclib_client_options options = CONCLIB_CLIENT_OPTIONS_INIT;
  options.url.data = "nonsense";
  options.url.size = strlen(options.url.data);
  if (conclib_client_open(&options, &client, &error) != CONCLIB_BAD_ARGUMENT) return "bad URL";
  if (client != NULL || error.status != CONCLIB_BAD_ARGUMENT) return "error struct";
  if (strstr(error.text, "URL") == NULL) return "error text";

  options.url.data = url;
  options.url.size = strlen(url);
  if (conclib_client_open(&options, &client, &error) != CONCLIB_OK) return "open";

  conclib_request request = CONCLIB_REQUEST_INIT;
  request.urn = urn;
  request.type = type;
  request.body.data = body;
  request.body.size = sizeof(body);
  request.timeout_ms = 20000;
  request.reply_type = type;
  conclib_reply* reply = conclib_client_ask(client, &request);
  if (reply->status != CONCLIB_OK) return "ask";
  if (reply->body.size != sizeof(body)) return "size of the body";
  if (memcmp(reply->body.data, body, sizeof(body)) != 0) return "body";
  if (reply->type.size != type.size) return "type";
  conclib_reply_free(reply);

  request.body.size = 3;
  reply = conclib_client_ask(client, &request);
  if (reply->status != CONCLIB_BAD_ARGUMENT) return "malformed body";
  if (strlen(reply->text.data) != reply->text.size) return "text is not ended by NUL";
  conclib_reply_free(reply);

  request.body.size = 0;
  conclib_receipt receipt = CONCLIB_RECEIPT_INIT;
  if (conclib_client_tell(client, &request, &receipt, &error) != CONCLIB_OK) return "tell";
  if (strchr(receipt.id, '-') == NULL) return "receipt";
  if (conclib_client_tell(client, &request, NULL, NULL) != CONCLIB_OK)
    return "tell without receipt";

  conclib_client_close(client);
  conclib_client_close(NULL);
  conclib_reply_free(NULL);
  if (strcmp(conclib_status_name(CONCLIB_NO_ACTOR), "NO_ACTOR") != 0) return "status name";
  if (strlen(conclib_version()) < 5) return "version";
  return "";
}
