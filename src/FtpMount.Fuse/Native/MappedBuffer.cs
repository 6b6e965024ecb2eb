using System.Buffers;
using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Native;

/// <summary>
/// Page-aligned memory outside the managed heap: it never moves while the kernel copies, pages that no request ever touched
/// cost nothing, and it goes back to the system when it is disposed.
/// </summary>
internal sealed unsafe class MappedBuffer : MemoryManager<byte>
{
    private const int ProtectionReadWrite = 1 | 2;
    private const int MapPrivateAnonymous = 0x02 | 0x20;

    private byte* _address;

    /// <summary>Maps <paramref name="length"/> bytes.</summary>
    /// <exception cref="InsufficientMemoryException">The system has no memory left.</exception>
    public MappedBuffer(int length)
    {
        _address = LibC.MapMemory(null, (nuint)length, ProtectionReadWrite, MapPrivateAnonymous, -1, 0);
        if ((nint)_address == -1)
        {
            _address = null;
            throw new InsufficientMemoryException($"No {length} bytes for a request buffer: {LibC.Describe(Marshal.GetLastPInvokeError())}.");
        }

        Length = length;
    }

    /// <summary>Bytes in the buffer.</summary>
    public int Length { get; }

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        return new Span<byte>(_address, Length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        return new MemoryHandle(_address + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
        // Nothing moves.
    }

    /// <summary>Gives the memory back.</summary>
    public void Unmap() => ((IDisposable)this).Dispose();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        var address = _address;
        _address = null;
        if (address is not null)
            _ = LibC.UnmapMemory(address, (nuint)Length);
    }
}
