import { describeProxy } from './contract.js'

describeProxy('Caddyfile', { leaving: 'told at once' })
