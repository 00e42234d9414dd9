// The config for Varnish, held to the contract of proxies.

import { describeProxy } from './contract.js'

describeProxy('varnish.vcl', { leaving: 'found at a write' })
