from queues import URL
from redis import Redis
from rq import Worker

Worker(["reports"], connection=Redis.from_url(URL)).work(burst=True)
