import { createGate, jwt } from 'portico'

interface Env {
  APP_ORIGIN: string
  JWT_SECRET: string
}

export default createGate((env: Env) => ({
  verify: jwt({ issuer: 'https://example.com', audience: 'own-backend', secret: env.JWT_SECRET }),
  backends: { app: { origin: env.APP_ORIGIN } },
}))
