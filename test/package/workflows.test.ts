// The workflows of GitHub: pinned, with no more permissions than they need, and running what is run everywhere.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const FOLDER = new URL('../../.github/workflows/', import.meta.url)
const CHECKOUT = /^actions\/checkout@/

interface Step {
  uses?: string
  run?: string
  with?: Record<string, unknown>
}

interface Job {
  needs?: string
  uses?: string
  environment?: string
  permissions?: Record<string, string>
  steps?: Step[]
}

interface Workflow {
  on: Record<string, unknown>
  permissions: Record<string, string>
  jobs: Record<string, Job>
}

const files = readdirSync(FOLDER)
const textOf = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8')
const workflowOf = (file: string): Workflow => parse(textOf(file))
const stepsOf = (file: string) =>
  Object.values(workflowOf(file).jobs).flatMap(({ steps = [] }) => steps)

describe('the workflows', () => {
  test('are those of CI and of releases', () => {
    expect(files.sort()).toEqual(['ci.yml', 'release.yml'])
  })

  test.each(files)('%s names actions by their commits, with the version beside it', (file) => {
    const used = [...textOf(file).matchAll(/uses: (.+)$/gm)].map(([, action = '']) => action)

    expect(used.length).toBeGreaterThan(0)
    for (const action of used.filter((name) => !name.startsWith('./'))) {
      expect(action).toMatch(/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    }
  })

  test.each(files)('%s leaves no credentials in the work tree, and knows no secret', (file) => {
    const checkouts = stepsOf(file).filter(({ uses = '' }) => CHECKOUT.test(uses))

    expect(checkouts.length).toBeGreaterThan(0)
    for (const step of checkouts) expect(step.with?.['persist-credentials']).toBe(false)
    expect(textOf(file)).not.toContain('secrets.')
    expect(workflowOf(file).on).not.toHaveProperty('pull_request_target')
  })

  test('of CI runs .ci/run, and may only read', () => {
    const { permissions, jobs } = workflowOf('ci.yml')

    expect(permissions).toEqual({ contents: 'read' })
    expect(Object.values(jobs).map((job) => job.permissions)).toEqual([undefined])
    expect(stepsOf('ci.yml').map(({ run }) => run)).toContain('bash .ci/run')
  })

  test('of releases publishes with provenance after CI, and may otherwise only read', () => {
    const { on, permissions, jobs } = workflowOf('release.yml')

    expect(Object.keys(on)).toEqual(['push'])
    expect(permissions).toEqual({})
    expect(jobs.check).toEqual({
      permissions: { contents: 'read' },
      uses: './.github/workflows/ci.yml',
    })
    expect(jobs.publish).toMatchObject({ needs: 'check', environment: 'npm' })
    expect(jobs.publish?.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
    expect(jobs.publish?.steps?.at(-1)?.run).toMatch(/^npm publish --provenance /)
    expect(Object.keys(jobs)).toEqual(['check', 'publish'])
  })
})
