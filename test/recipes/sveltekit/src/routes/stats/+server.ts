// What the test asks the server's process.

import { json } from '@sveltejs/kit'
import { streamStats } from 'eventwire'

export const GET = () => json(streamStats())
