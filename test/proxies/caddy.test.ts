// The configs for Caddy, held to the contract of proxies.

import { describeProxy } from './contract.js'

describeProxy('Caddyfile', { leaving: 'told at once' })
describeProxy('Caddyfile-encode', { leaving: 'told at once' })
