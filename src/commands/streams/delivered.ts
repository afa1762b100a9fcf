export { seekDelivered } from '../../models/streams/delivered.js'
