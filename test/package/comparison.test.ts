// docs/comparison.md says what was compared: these versions, in these cases, with nothing of ours failing.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { clientCases } from '../../bench/comparison/client-cases.js'
import { serverCases } from '../../bench/comparison/server-cases.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/comparison.md')

test('the page names the versions that are pinned', () => {
  const { dependencies } = JSON.parse(read('bench/comparison/package.json'))
  const { eventwire, 'eventsource-parser': parser, fastify, ...peers } = dependencies
  for (const [name, version] of Object.entries(peers)) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(page).toContain(`${name} ${version}`)
  }
  expect([eventwire, typeof parser, typeof fastify]).toEqual(['file:../..', 'string', 'string'])
})

test.each(Object.entries({ ...serverCases, ...clientCases }))(
  'the page has the case %s, which eventwire passes',
  (name, { title }) => {
    expect(page).toContain(`**${name}**: ${title}.`)
    // The first column is ours.
    expect(page).toMatch(new RegExp(`^\\| ${name} \\| pass \\|`, 'm'))
  },
)
