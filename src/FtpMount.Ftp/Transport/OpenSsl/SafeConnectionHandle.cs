using System.Runtime.InteropServices;

namespace FtpMount.Ftp.Transport.OpenSsl;

/// <summary>An <c>SSL</c> with its BIO and the BIO's window.</summary>
internal sealed unsafe class SafeConnectionHandle : SafeHandle
{
    private MemoryBio.Window* _window;

    public SafeConnectionHandle(nint ssl)
        : base(0, ownsHandle: true)
    {
        SetHandle(ssl);
        if (ssl == 0)
            return;
        _window = (MemoryBio.Window*)NativeMemory.AllocZeroed((nuint)sizeof(MemoryBio.Window));
        var bio = MemoryBio.Create(_window);
        LibSsl.SSL_set_bio(ssl, bio, bio);
    }

    /// <summary>What the BIO reads from and writes to.</summary>
    public MemoryBio.Window* Window => _window;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_free(handle);
        NativeMemory.Free(_window);
        _window = null;
        return true;
    }
}
