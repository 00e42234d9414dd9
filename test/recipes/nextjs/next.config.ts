// Nothing is configured for streams: the defaults do.

import type { NextConfig } from 'next'

const config: NextConfig = {}

export default config
