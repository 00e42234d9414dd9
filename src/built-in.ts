// Modules of `node:`, where the runtime has them. Not imported: a runtime without one would not load whoever does.

/** Gives the module `name`, or `undefined`. */
export function builtIn<Module>(name: string): Module | undefined {
  try {
    return (globalThis as Host).process?.getBuiltinModule?.(name) as Module | undefined
  } catch {
    // The Edge Runtime of Next.js has a `process` that throws at most of what it is asked for.
    return undefined
  }
}

interface Host {
  process?: { getBuiltinModule?(name: string): unknown }
}
