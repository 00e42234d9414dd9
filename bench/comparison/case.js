// One case with one peer, in a process of its own: `node case.js servers better-sse 'slow client'`.
// @ts-check

import { clientCases } from './client-cases.js'
import { serverCases } from './server-cases.js'

const [kind, peer, name = ''] = process.argv.slice(2)
const found = (kind === 'servers' ? serverCases : clientCases)[name]
const verdict = await found?.run(await import(`./${kind}/${peer}.js`))
process.stdout.write(`${JSON.stringify(verdict)}\n`, () => process.exit(0))
