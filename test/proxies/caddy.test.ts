import { describeProxy } from './contract.js'

describeProxy('Caddyfile', { leaving: 'told at once' })
describeProxy('Caddyfile-encode', { leaving: 'told at once' })
