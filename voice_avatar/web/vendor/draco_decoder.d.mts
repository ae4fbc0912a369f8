// The decoder for `tsc`, untyped as in three_vrm.d.mts.
declare const make: any;
export default make;
