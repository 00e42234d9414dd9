// RedisLog: the contract of all logs, over each of its clients.

import { RedisLog } from '../../src/redis/redis-log.js'
import { CLIENTS, EARLIER_CLIENTS } from '../redis/clients.js'
import { describeWithRedis } from '../redis/redis-server.js'
import { describeLog } from './contract.js'

describeWithRedis('RedisLog as a log', (server) => {
  let logs = 0
  for (const [name, connect] of Object.entries({ ...CLIENTS, ...EARLIER_CLIENTS })) {
    describeLog(name, async () => {
      // Each test has channels of its own.
      return new RedisLog(connect(server().port), { prefix: `test${logs++}:` })
    })
  }
})
