import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import { apiPageStyle } from './api-page-style.ts'
import {
  openApiDocument,
  type JsonSchema,
  type OpenApiDocument,
  type OperationObject,
} from './openapi.ts'
import { Schema } from './schema-list.tsx'

let policy: string | undefined

/** The description of the API as a page: no script, and nothing from anywhere else. */
export async function apiPage(c: Context): Promise<Response> {
  policy ??= await contentSecurityPolicy()
  c.header('content-security-policy', policy)
  c.header('referrer-policy', 'no-referrer')
  c.header('x-content-type-options', 'nosniff')
  c.header('cache-control', 'no-cache')
  return c.html(html`<!doctype html>${(<ApiPage document={openApiDocument()} />)}`)
}

async function contentSecurityPolicy(): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(apiPageStyle))
  const encoded = btoa(String.fromCharCode(...new Uint8Array(hash)))
  return [
    "default-src 'none'",
    `style-src 'sha256-${encoded}'`,
    // The empty icon, without which a browser asks for one.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function ApiPage({ document }: { readonly document: OpenApiDocument }) {
  const { info, paths, components } = document
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>{info.title}</title>
        <link rel="icon" href="data:," />
        <style>{raw(apiPageStyle)}</style>
      </head>
      <body>
        <header>
          <h1>{info.title}</h1>
          <p>{info.description}</p>
          <p>
            Version {info.version}. For programs: <a href="/_portico/openapi.json">openapi.json</a>.
            What needs a key takes it as <code>Authorization: Bearer &lt;key&gt;</code>.
          </p>
        </header>
        <main>
          <h2>What it does</h2>
          {Object.entries(paths).flatMap(([path, methods]) =>
            Object.entries(methods).map(([method, operation]) => (
              <Operation method={method} path={path} operation={operation} />
            )),
          )}
          <h2>What is sent</h2>
          {Object.entries(components.schemas).map(([name, schema]) => (
            <section id={name}>
              <h3>{name}</h3>
              <Schema schema={schema} />
            </section>
          ))}
        </main>
      </body>
    </html>
  )
}

interface OperationProps {
  readonly method: string
  readonly path: string
  readonly operation: OperationObject
}

function Operation({ method, path, operation }: OperationProps) {
  const { operationId, summary, tags, parameters = [], requestBody, responses } = operation
  return (
    <section id={operationId}>
      <h3>
        <code>
          {method.toUpperCase()} {path}
        </code>
      </h3>
      <p>
        {summary}. <em>{tags.join(', ')}</em>
      </p>
      <dl>
        {parameters.map(({ name, in: place, schema }) => (
          <>
            <dt>
              <code>{name}</code> in the {place}
            </dt>
            <dd>
              <Schema schema={schema} />
            </dd>
          </>
        ))}
        {requestBody !== undefined && (
          <>
            <dt>body</dt>
            <dd>
              <Contents content={requestBody.content} />
            </dd>
          </>
        )}
        {Object.entries(responses).map(([status, { description, headers = {}, content }]) => (
          <>
            <dt>{status}</dt>
            <dd>{status === '200' ? <Contents content={content} /> : description}</dd>
            {Object.entries(headers).map(([name, { schema }]) => (
              <>
                <dt>
                  <code>{name}</code> in its header
                </dt>
                <dd>
                  <Schema schema={schema} />
                </dd>
              </>
            ))}
          </>
        ))}
      </dl>
    </section>
  )
}

interface ContentsProps {
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

function Contents({ content }: ContentsProps) {
  return (
    <>
      {Object.entries(content).map(([type, { schema }]) => (
        <>{type === 'application/json' ? <Schema schema={schema} /> : <code>{type}</code>}</>
      ))}
    </>
  )
}
