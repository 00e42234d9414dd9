import { describeProxy } from './contract.js'

describeProxy('haproxy.cfg', { leaving: 'told at once', hasShortTimeout: true })
