// How the tests are run.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/programs.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: 'tsconfig.json' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes at once, or once a second; a busy machine takes its time.
    expect: { poll: { timeout: 15_000 } },
  },
})
