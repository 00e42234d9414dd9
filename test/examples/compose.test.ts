// The cluster example in containers, as far as it can be seen without starting them: each is told what it reads.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const CLUSTER = new URL('../../examples/cluster/', import.meta.url)
const textOf = (file: string) => readFileSync(new URL(file, CLUSTER), 'utf8')

interface Service {
  image?: string
  build?: string
  environment?: Record<string, string>
  volumes?: string[]
  depends_on?: string[]
  ports?: string[]
}

const { services } = parse(textOf('compose.yaml'), { merge: true }) as {
  services: Record<string, Service>
}
const { redis, one, two, nginx } = services

describe("the cluster's compose file", () => {
  test('has the four parts, each after those that it needs', () => {
    const parts = Object.entries(services).map(([name, part]) => [name, part.depends_on])

    expect(parts).toEqual([
      ['redis', undefined],
      ['one', ['redis']],
      ['two', ['redis']],
      ['nginx', ['one', 'two']],
    ])
    expect(redis?.image).toMatch(/^redis:\d/)
  })

  test('tells each node what it reads, and nothing else', () => {
    const [, read = ''] = /const \{([^}]+)\} = process\.env/.exec(textOf('server.js')) ?? []
    const names = [...read.matchAll(/([A-Z_]+) =/g)].map(([, name]) => name)

    for (const [name, node] of Object.entries({ one, two })) {
      expect(Object.keys(node?.environment ?? {}).sort()).toEqual(names.sort())
      expect(node?.environment).toMatchObject({ NAME: name, HOST: '0.0.0.0', PORT: '3000' })
      expect(node?.environment?.REDIS_URL).toBe('redis://redis:6379')
    }
  })

  test('tells nginx what its template leaves open, and mounts it where the image fills it in', () => {
    const open = [...textOf('nginx.conf.template').matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name)
    const [mount = ''] = nginx?.volumes ?? []
    const [source = '', target] = mount.split(':')

    expect(Object.keys(nginx?.environment ?? {}).sort()).toEqual([...new Set(open)].sort())
    expect(nginx?.environment).toEqual({ FRONT: '80', NODE_ONE: 'one:3000', NODE_TWO: 'two:3000' })
    expect(nginx?.ports).toEqual([`127.0.0.1:8080:${nginx?.environment?.FRONT}`])
    expect(existsSync(new URL(source, CLUSTER))).toBe(true)
    expect(target).toBe('/etc/nginx/templates/default.conf.template')
  })

  test('builds the nodes from this folder alone, and starts what is in it', () => {
    const dockerfile = textOf('Dockerfile')
    const [, program = ''] = /^CMD \["node", "([^"]+)"\]$/m.exec(dockerfile) ?? []

    expect([one?.build, two?.build]).toEqual(['.', '.'])
    expect(existsSync(new URL(program, CLUSTER))).toBe(true)
    expect(textOf('.dockerignore')).toContain('node_modules')
    for (const [, from = ''] of dockerfile.matchAll(/^COPY (\S+)/gm)) {
      expect(existsSync(new URL(from, CLUSTER))).toBe(true)
    }
  })
})
