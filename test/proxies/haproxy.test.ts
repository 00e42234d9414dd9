// The config for HAProxy, held to the contract of proxies.

import { describeProxy } from './contract.js'

describeProxy('haproxy.cfg', { leaving: 'told at once', hasShortTimeout: true })
