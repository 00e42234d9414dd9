// What the test asks the server's process.

import { streamStats } from 'eventwire'

export const dynamic = 'force-dynamic'

export const GET = () => Response.json(streamStats())
