using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <summary>Writes all bytes at an offset of a local file, as <see cref="RandomAccess.Write(SafeFileHandle, ReadOnlySpan{byte}, long)"/>.</summary>
internal delegate void DiskWrite(SafeFileHandle handle, ReadOnlySpan<byte> bytes, long offset);
