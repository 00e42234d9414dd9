// What went wrong in this process without anyone to hear it. The run asks after each check, and it must be nothing.

export const faults = []

const keep = (kind) => (event) => {
  const error = event?.reason ?? event?.error ?? event
  event?.preventDefault?.()
  faults.push(`${kind}: ${error?.stack ?? error}`)
}

if (globalThis.process?.on) {
  process.on('unhandledRejection', keep('unhandled rejection'))
  process.on('uncaughtException', keep('uncaught error'))
  process.on('warning', keep('warning'))
}
if (!globalThis.Bun && globalThis.addEventListener) {
  addEventListener('unhandledrejection', keep('unhandled rejection'))
  addEventListener('error', keep('uncaught error'))
}
