# SPDX-License-Identifier: MIT
import conclib


class Add(conclib.ActorMessage):
    by: int = 1


class Total(conclib.ActorMessage):
    value: int = 0


with conclib.ProxyClient(config=conclib.DefaultConfig()) as client:
    for by in (1, 2, 39):
        total = client.ask_actor("counter/visits", Add(by=by), response_type=Total)
        print("counter/visits", Add(by=by), "->", total)
    try:
        client.ask_actor("counter/visits", ("Subtract", {"by": 1}))
    except conclib.UnexpectedMessage as error:
        print("counter/visits Subtract -> UnexpectedMessage:", error)
