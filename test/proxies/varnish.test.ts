import { describeProxy } from './contract.js'

describeProxy('varnish.vcl', { leaving: 'found at a write' })
