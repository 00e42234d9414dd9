import { describeProxy } from './contract.js'

describeProxy('apache.conf', { leaving: 'found at a write' })
