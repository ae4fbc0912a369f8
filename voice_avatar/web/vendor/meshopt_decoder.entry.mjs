// The decoder that needs no WebAssembly, which the page's policy keeps out. It is not among the package's exports.
export { MeshoptDecoder } from './node_modules/meshoptimizer/meshopt_decoder_reference.js';
