// The config for Apache httpd, held to the contract of proxies.

import { describeProxy } from './contract.js'

describeProxy('apache.conf', { leaving: 'found at a write' })
