// All checks, by the first part of their routes' paths. A new one is a file in checks/ and a line here.

import * as answers from './checks/answers.js'
import * as channel from './checks/channel.js'
import * as client from './checks/client.js'
import * as compression from './checks/compression.js'
import * as core from './checks/core.js'
import * as diagnostics from './checks/diagnostics.js'
import * as events from './checks/events.js'
import * as heartbeats from './checks/heartbeats.js'
import * as idle from './checks/idle.js'
import * as lastEventId from './checks/last-event-id.js'
import * as leaving from './checks/leaving.js'
import * as leavingByHeartbeat from './checks/leaving-by-heartbeat.js'
import * as overflow from './checks/overflow.js'
import * as parser from './checks/parser.js'
import * as shutdown from './checks/shutdown.js'
import * as slowClient from './checks/slow-client.js'
import * as testing from './checks/testing.js'

/**
 * Each has a `title`, a line of the table; `routes`, which run in the runtime; and `check`, which asks them. It may name
 * the runtimes and servers that it concerns, and be `isLong`: then it gets a process of its own beside the others.
 */
export const checks = {
  core,
  events,
  answers,
  heartbeats,
  idle,
  leaving,
  'leaving-by-heartbeat': leavingByHeartbeat,
  'slow-client': slowClient,
  overflow,
  'last-event-id': lastEventId,
  channel,
  compression,
  parser,
  client,
  shutdown,
  diagnostics,
  testing,
}
