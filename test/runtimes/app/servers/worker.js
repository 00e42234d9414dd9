// eventwire/fetch in a worker: each request has what it started to itself, and nothing outlives it.

import { respond } from '../respond.js'

export default { fetch: respond }
