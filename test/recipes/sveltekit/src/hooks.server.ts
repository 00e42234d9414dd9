// Run once when the server starts: at the signal it closes, and this ends the requests that are streams.

import { closeAllStreams } from 'eventwire'

process.once('SIGTERM', () => void closeAllStreams({ withinMs: 2_000 }))
