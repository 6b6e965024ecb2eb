using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Tests.Frames;

/// <summary>A frame that the adapter sent.</summary>
internal sealed record FrameReply(byte[] Frame)
{
    public FuseOutHeader Header => MemoryMarshal.Read<FuseOutHeader>(Frame);

    public Errno Error => (Errno)(-Header.Error);

    public ReadOnlySpan<byte> Body => Frame.AsSpan(16);

    public byte[] Bytes => Body.ToArray();

    public T As<T>()
        where T : unmanaged
    {
        Assert.Equal(Errno.None, Error);
        Assert.Equal(Marshal.SizeOf<T>(), Body.Length);
        return MemoryMarshal.Read<T>(Body);
    }
}
