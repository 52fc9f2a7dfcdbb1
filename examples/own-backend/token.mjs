// Signs a token as an issuer would: `npm run --silent token -- alice`
import { createHmac } from 'node:crypto'

const { JWT_SECRET } = process.env
const [sub = 'alice'] = process.argv.slice(2)
const exp = Math.floor(Date.now() / 1000) + 3600
const signed = [
  { alg: 'HS256', typ: 'JWT' },
  { iss: 'https://example.com', aud: 'own-backend', sub, exp },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.')
console.log(`${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`)
