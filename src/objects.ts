export { Subject } from './store/subject.ts'
