"""moto_server with a DynamoDB whose conditional writes are atomic.

moto serves each request on a thread, and checks a write's condition in one step and writes in another: of
two writes that exclude each other both may succeed, which DynamoDB never does.
"""

import threading

from moto.dynamodb.responses import DynamoHandler
from moto.server import main

one_at_a_time = threading.RLock()
answer = DynamoHandler.call_action


def answer_alone(handler):
    with one_at_a_time:
        return answer(handler)


DynamoHandler.call_action = answer_alone
main()
