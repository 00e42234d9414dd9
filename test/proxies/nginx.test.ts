// The configs for nginx, held to the contract of proxies.

import { describeProxy } from './contract.js'

describeProxy('nginx.conf', { leaving: 'told at once' })
describeProxy('nginx-plain.conf', { leaving: 'told at once' })
describeProxy('nginx-gzip.conf', { leaving: 'told at once', compresses: true })
describeProxy('nginx-http2.conf', { leaving: 'told at once', protocol: 'h2', holdsHead: true })
describeProxy('nginx-timeout.conf', { leaving: 'told at once', hasShortTimeout: true })
describeProxy('nginx-twice.conf', { leaving: 'told at once' })
