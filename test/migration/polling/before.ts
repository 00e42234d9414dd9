import express from 'express'

interface Job {
  id: number
  state: string
}

export const app = express()
const changes: Job[] = []

// The page asks every second: GET /jobs?after=17
app.get('/jobs', (req, res) => {
  const after = Number(req.query.after ?? 0)
  res.json({ changes: changes.slice(after), next: changes.length })
})

export function change(job: Job) {
  changes.push(job)
}
