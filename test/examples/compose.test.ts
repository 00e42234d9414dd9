// The compose file of examples/cluster, which no test can run: that it names what there is.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(`${ROOT}examples/cluster/${path}`, 'utf8')
const compose = read('compose.yaml')

/** The names in a section of the file: of its lines that are indented by so much, up to one that is indented by less. */
function namesIn(section: string, indent: number): string[] {
  const [, rest = ''] = compose.split(`${section}\n`)
  const names: string[] = []
  for (const line of rest.split('\n')) {
    if (line !== '' && line.search(/\S/) < indent) break
    const [, name] = new RegExp(`^ {${indent}}(\\w+):`).exec(line) ?? []
    if (name !== undefined) names.push(name)
  }
  return names
}

describe('compose.yaml of the cluster', () => {
  test('has the services that it waits for and speaks to', () => {
    const services = namesIn('services:', 2)
    expect(services).toEqual(['redis', 'one', 'two', 'nginx'])
    const named = [...compose.matchAll(/depends_on: \[(.*)\]/g)].flatMap(([, names]) =>
      names?.split(', '),
    )
    const hosts = [...compose.matchAll(/(?:redis:\/\/|NODE_\w+: )(\w+):\d+/g)].map(
      ([, host]) => host,
    )
    expect(hosts).toEqual(['redis', 'one', 'two'])
    for (const name of [...named, ...hosts]) expect(services).toContain(name)
  })

  test('sets what the node reads, and all that the template of nginx leaves open', () => {
    const [, listed = ''] = /const \{([^}]*)\} = process\.env/.exec(read('node.js')) ?? []
    const variables = [...listed.matchAll(/(\w+) =/g)].map(([, name]) => name)
    expect(namesIn('environment: &environment', 6).sort()).toEqual(variables.sort())
    const open = [...read('nginx.conf.template').matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name)
    // In a comment it stands for any of them.
    const filled = [...compose.matchAll(/^ {6}(FRONT|NODE_\w+):/gm)].map(([, name]) => name)
    expect([...new Set(open)].sort()).toEqual(filled.sort())
  })

  test('builds from files that there are, with a command that starts the node', () => {
    const [, dockerfile = ''] = /dockerfile: (.*)/.exec(compose) ?? []
    const [, template = ''] = /- \.\/(\S+?):/.exec(compose) ?? []
    expect([existsSync(ROOT + dockerfile), read(template).length > 0]).toEqual([true, true])
    const [, command = '[]'] = /^CMD (.*)$/m.exec(read('Dockerfile')) ?? []
    const [program, script = ''] = JSON.parse(command) as string[]
    expect([program, existsSync(ROOT + script)]).toEqual(['node', true])
  })
})
