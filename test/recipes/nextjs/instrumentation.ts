// What Next.js runs once, when the server starts.

export async function register() {
  // The bundle for the Edge runtime, which has no signals, goes without it.
  if (process.env.NEXT_RUNTIME === 'nodejs') await import('./lib/stream-shutdown')
}
