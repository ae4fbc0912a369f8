// Draco's decoder as plain JavaScript; build.sh copies it from three under a name that says that it is CommonJS.
export { default } from './draco_decoder.cjs';
