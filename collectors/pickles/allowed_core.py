"""What harmless pickles import from the standard library, NumPy, SciPy, joblib and PyTorch.

An entry is here only when calling it with any arguments, giving it any state, or keeping it as a value can neither run
code that the arguments name, nor import, open or delete anything. So there is no ``getattr``, ``type`` or
``functools.partial``, no ``numpy.core._ufunc_reconstruct`` (it imports what it is told to) and no ``numpy.load``.

Sources: the ``__reduce__`` methods of CPython 3.8 to 3.14 and of NumPy 1.16 to 2.4; PyTorch's
``torch/_weights_only_unpickler.py`` and ``torch/_utils.py``; joblib's ``numpy_pickle.py``.
"""

from __future__ import annotations

_BUILTINS = (
    "Ellipsis NotImplemented bool bytearray bytes complex dict enumerate float frozenset int list object range "
    "reversed set slice str tuple zip"
)
_NUMPY_SCALARS = (
    "bool bool_ byte bytes_ cdouble clongdouble complex128 complex256 complex64 csingle datetime64 double float128 "
    "float16 float32 float64 half int16 int32 int64 int8 intc intp longdouble longlong object_ short single str_ "
    "timedelta64 ubyte uint uint16 uint32 uint64 uint8 uintc uintp ulonglong ushort void int_ float_ complex_"
)
_NUMPY_DTYPES = (
    "BoolDType ByteDType BytesDType CLongDoubleDType Complex128DType Complex64DType DateTime64DType Float16DType "
    "Float32DType Float64DType Int16DType Int32DType Int64DType Int8DType IntDType LongDType LongDoubleDType "
    "LongLongDType ObjectDType ShortDType StrDType StringDType TimeDelta64DType UByteDType UInt16DType UInt32DType "
    "UInt64DType UInt8DType UIntDType ULongDType ULongLongDType UShortDType VoidDType"
)
MULTIARRAY_MODULES = tuple(
    f"numpy.{core}.{module}" for core in ("core", "_core") for module in ("multiarray", "_multiarray_umath")
)
"""Where NumPy's own functions for unpickling arrays live, by version."""
_SPARSE = "bsr coo csc csr dia dok lil"
_TORCH_STORAGES = (
    "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage DoubleStorage "
    "FloatStorage HalfStorage IntStorage LongStorage QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage "
    "QUInt8Storage ShortStorage UntypedStorage"
)
_TORCH_DTYPES = (
    "bfloat16 bool complex128 complex32 complex64 float float16 float32 float64 double half int int16 int32 int64 int8 "
    "long short uint8 uint16 uint32 uint64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu "
    "qint32 qint8 quint2x4 quint4x2 quint8 cfloat cdouble chalf"
)
_TORCH_OTHER = (
    "Size Tensor device channels_last channels_last_3d contiguous_format preserve_format strided sparse_coo sparse_csr "
    "sparse_csc sparse_bsr sparse_bsc jagged per_channel_affine per_channel_affine_float_qparams per_channel_symmetric "
    "per_tensor_affine per_tensor_symmetric"
)
_REBUILD = (
    "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state "
    "_rebuild_qtensor _rebuild_sparse_tensor _rebuild_sparse_csr_tensor _rebuild_nested_tensor "
    "_rebuild_meta_tensor_no_storage _rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor"
)
_RANDOM_GENERATORS = {
    f"numpy.random.{module}": names
    for module, names in (
        ("_mt19937", "MT19937"),
        ("_pcg64", "PCG64 PCG64DXSM"),
        ("_philox", "Philox"),
        ("_sfc64", "SFC64"),
        ("_generator", "Generator"),
        ("mtrand", "RandomState"),
        ("_pickle", "__bit_generator_ctor __generator_ctor __randomstate_ctor"),
        ("bit_generator", "SeedSequence SeedlessSeedSequence __pyx_unpickle_SeedSequence"),
    )
}

CORE: dict[str, str] = {
    "builtins": _BUILTINS,
    "__builtin__": f"{_BUILTINS} unicode long xrange",
    "copyreg": "_reconstructor __newobj__ __newobj_ex__",
    "copy_reg": "_reconstructor __newobj__ __newobj_ex__",
    "_codecs": "encode",
    "collections": "ChainMap Counter OrderedDict UserDict UserList defaultdict deque",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "pathlib": "PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath Path",
    "pathlib._local": "PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath Path",
    "uuid": "UUID SafeUUID",
    "array": "array _array_reconstructor",
    "numpy": f"dtype ndarray matrix recarray record mean {_NUMPY_SCALARS}",
    "numpy.dtypes": _NUMPY_DTYPES,
    **dict.fromkeys(MULTIARRAY_MODULES, "_reconstruct scalar"),
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "numpy._core._internal": "_convert_to_stringdtype_kwargs",
    "numpy.matrixlib.defmatrix": "matrix",
    "numpy.rec": "recarray record",
    "numpy.core.records": "recarray record",
    "numpy._core.records": "recarray record",
    "numpy.ma": "MaskedArray",
    "numpy.ma.core": "MaskedArray MaskedConstant _mareconstruct",
    **_RANDOM_GENERATORS,
    "joblib.numpy_pickle": "NumpyArrayWrapper",
    "sklearn.externals.joblib.numpy_pickle": "NumpyArrayWrapper",
    "scipy.interpolate._bsplines": "BSpline",
    "scipy._lib.array_api_compat.numpy._aliases": "asarray",
    **{f"scipy.sparse._{name}": f"{name}_matrix {name}_array" for name in _SPARSE.split()},
    **{f"scipy.sparse.{name}": f"{name}_matrix" for name in _SPARSE.split()},
    "torch": f"{_TORCH_STORAGES} {_TORCH_DTYPES} {_TORCH_OTHER}",
    "torch.cuda": _TORCH_STORAGES,
    "torch.storage": "TypedStorage UntypedStorage _TypedStorage _UntypedStorage",
    "torch.nn": "Parameter",
    "torch.nn.parameter": "Parameter Buffer UninitializedParameter UninitializedBuffer",
    "torch._utils": _REBUILD,
    "torch._tensor": "_rebuild_from_type_v2",
    "torch.serialization": "_get_layout",
}

GUARDED = frozenset({("torch.storage", "_load_from_bytes")})
"""Allowed only when called at once with literal bytes: it unpickles them, so they are examined as another content."""
