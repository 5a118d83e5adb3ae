# SPDX-License-Identifier: MIT
# The usage that conclib's users know, in its own words, as one program.
import conclib

config = conclib.DefaultConfig()

# Optionally start redis in a background thread (can
# configure to use existing redis instance instead)
redis_daemon = conclib.start_redis(config=config)

# Start the threads that:
# (1) polls redis for request messages and forwards them to actors
# (2) sends response messages back to redis
conclib.start_proxy(config=config)


class ExampleReqMessage(conclib.ActorMessage):
    pass


class ExampleRespMessage(conclib.ActorMessage):
    pass


config = conclib.DefaultConfig()
client = conclib.ProxyClient(config=config)
result = client.ask_actor("example_actor", ExampleReqMessage(), response_type=ExampleRespMessage)
print(type(result).__name__)

# Shut down redis when you are done to prevent blocking the main process shutting down
redis_daemon.shutdown()
