import { z } from 'zod'
import { apiError, errorStatuses, type ApiErrorKind } from './api-error.ts'
import { named } from './names.ts'
import { namedOperations, type Operation } from './operations.ts'
import { VERSION } from './version.ts'

/** A schema of JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: JsonSchema
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>

interface ResponseObject {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly schema: JsonSchema }>>
  readonly content: Content
}

export interface OperationObject {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: true; readonly content: Content }
  readonly responses: Readonly<Record<string, ResponseObject>>
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: Readonly<Record<'title' | 'version' | 'description', string>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly securitySchemes: JsonSchema
  }
}

const SCHEMAS = '#/components/schemas/'

let made: OpenApiDocument | undefined

/** Made from the schemas that requests are checked with, at the first time that somebody asks. */
export function openApiDocument(): OpenApiDocument {
  made ??= makeDocument()
  return made
}

function makeDocument(): OpenApiDocument {
  const paths: Record<string, Record<string, OperationObject>> = {}
  for (const [name, operation] of namedOperations) {
    for (const [index, path] of operation.paths.entries()) {
      const id = index === 0 ? name : `${name}Of${index + 1}`
      const described = paths[openApiPath(path)] ?? {}
      described[operation.method] = operationObject(id, path, operation)
      paths[openApiPath(path)] = described
    }
  }
  const { schemas } = z.toJSONSchema(named, { uri: (id) => SCHEMAS + id, io: 'input' })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portico’s control API',
      version: VERSION,
      description: 'Connections to backends: asked for, looked at, taken back. Plane’s, and more.',
    },
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]),
      ),
      securitySchemes: {
        controlKey: { type: 'http', scheme: 'bearer', description: 'A control key of the gate.' },
      },
    },
  }
}

function operationObject(id: string, path: string, operation: Operation): OperationObject {
  const { access, body, query, headers, summary, answer, answerHeaders } = operation
  const parameters = [
    ...pathParameters(path),
    ...parametersIn('query', query),
    ...parametersIn('header', headers),
  ]
  return {
    operationId: id,
    summary,
    tags: [access === 'public' ? 'public' : `needs a key: ${access}`],
    security: access === 'public' ? [] : [{ controlKey: [access] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } },
    }),
    responses: {
      200: {
        description: 'As asked for',
        ...(answerHeaders !== undefined && {
          headers: Object.fromEntries(
            membersOf(answerHeaders).map(([name, schema]) => [name, { schema }]),
          ),
        }),
        content: Object.fromEntries(
          Object.entries(answer).map(([type, schema]) => [type, { schema: schemaOf(schema) }]),
        ),
      },
      ...failures(path, operation),
    },
  }
}

function failures(path: string, { access, body, query, failures: own }: Operation) {
  const kinds: readonly ApiErrorKind[] = [
    ...own,
    ...(access === 'public' ? [] : (['Unauthorized', 'Forbidden', 'StoreUnavailable'] as const)),
    ...(own.includes('NotFound') ? (['StoreUnavailable'] as const) : []),
    'Other',
  ]
  const entries = kinds.map((kind): [number, string] => [errorStatuses[kind], kind])
  if (path.includes(':')) entries.push([400, 'the path is none that a URL can have'])
  if (query !== undefined) entries.push([400, 'a parameter is wrong'])
  if (body !== undefined) {
    entries.push(
      [400, 'the body is not JSON, or asks for what cannot be'],
      [413, 'the body is larger than two mebibytes'],
      [415, 'the body has another type than application/json'],
      [422, 'the body has a wrong shape; the message names each field'],
    )
  }
  const byStatus: Record<string, Set<string>> = {}
  for (const [status, what] of entries) (byStatus[status] ??= new Set()).add(what)
  const content = { 'application/json': { schema: schemaOf(apiError) } }
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, whats]) => [
      status,
      { description: [...whats].join(', '), content },
    ]),
  )
}

/** A reference to a schema with a name, or the schema itself. */
function schemaOf(schema: z.ZodType): JsonSchema {
  const id = named.get(schema)?.id
  if (id !== undefined) return { $ref: SCHEMAS + id }
  if (schema instanceof z.ZodUnion) {
    return { anyOf: schema.options.map((option) => schemaOf(option as z.ZodType)) }
  }
  return withoutIdentity(z.toJSONSchema(schema, { io: 'input' }))
}

/** They would make the schema a document of its own, in which the references lead nowhere. */
function withoutIdentity(schema: JsonSchema): JsonSchema {
  const { $schema: _schema, $id: _id, '~standard': _standard, ...rest } = schema
  return rest
}

function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', ...(name === 'cluster' && { description: 'ignored' }) },
  }))
}

function parametersIn(place: 'query' | 'header', parameters = z.object({})): Parameter[] {
  return membersOf(parameters).map(([name, schema]) => ({
    name,
    in: place,
    required: false,
    schema,
  }))
}

function membersOf({ shape }: z.ZodObject): [name: string, schema: JsonSchema][] {
  return Object.entries(shape).map(([name, schema]) => [name, schemaOf(schema as z.ZodType)])
}

/** `/ctrl/b/:backend/tokens` as OpenAPI writes it. */
function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}
