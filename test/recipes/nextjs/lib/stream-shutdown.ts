// At the signal, Next.js closes its server and waits for open requests: this ends those that are streams.

import { closeAllStreams } from 'eventwire'

process.once('SIGTERM', () => void closeAllStreams({ withinMs: 2_000 }))
