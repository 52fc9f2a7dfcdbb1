export { Backend } from './store/backend.ts'
export { BackendIndex } from './store/backend-index.ts'
export { BackendKey } from './store/backend-key.ts'
export { Subject } from './store/subject.ts'
