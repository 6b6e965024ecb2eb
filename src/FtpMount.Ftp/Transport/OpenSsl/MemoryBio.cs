using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FtpMount.Ftp.Transport.OpenSsl;

/// <summary>
/// Where libssl reads and writes its records: two spans of pinned memory that the transport points it to before each call (<c>man 7ssl bio</c>). OpenSSL's own memory BIO
/// would copy and clear everything once more.
/// </summary>
internal static unsafe class MemoryBio
{
    private const int FlagRead = 1;
    private const int FlagWrite = 2;
    private const int FlagShouldRetry = 8;
    private const int Flags = FlagRead | FlagWrite | 4 | FlagShouldRetry;
    private const int ControlFlush = 11;
    private const int TypeSourceAndSink = 0x400;

    private static readonly nint Method = MakeMethod();

    /// <summary>A BIO over a window.</summary>
    public static nint Create(Window* window)
    {
        var bio = LibSsl.BIO_new(Method);
        if (bio == 0)
            throw OpenSslError.Take("libssl makes no BIO");
        LibSsl.BIO_set_data(bio, (nint)window);
        LibSsl.BIO_set_init(bio, 1);
        return bio;
    }

    private static nint MakeMethod()
    {
        var method = LibSsl.BIO_meth_new(TypeSourceAndSink, "ftpmount");
        return method != 0
            && LibSsl.BIO_meth_set_write_ex(method, &Write) == 1
            && LibSsl.BIO_meth_set_read_ex(method, &Read) == 1
            && LibSsl.BIO_meth_set_ctrl(method, &Control) == 1
            ? method
            : throw OpenSslError.Take("libssl makes no kind of BIO");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* data, nuint length, nuint* written)
    {
        var window = (Window*)LibSsl.BIO_get_data(bio);
        LibSsl.BIO_clear_flags(bio, Flags);
        var count = nuint.Min(length, window->OutputRoom);
        *written = count;
        if (count == 0 && length > 0)
        {
            LibSsl.BIO_set_flags(bio, FlagWrite | FlagShouldRetry);
            return 0;
        }

        NativeMemory.Copy(data, window->Output, count);
        window->Output += count;
        window->OutputRoom -= count;
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* data, nuint length, nuint* read)
    {
        var window = (Window*)LibSsl.BIO_get_data(bio);
        LibSsl.BIO_clear_flags(bio, Flags);
        var count = nuint.Min(length, window->InputLength);
        *read = count;
        if (count == 0)
        {
            // Not the end, as far as libssl is concerned: whether the connection has ended is the transport's business.
            LibSsl.BIO_set_flags(bio, FlagRead | FlagShouldRetry);
            return 0;
        }

        NativeMemory.Copy(window->Input, data, count);
        window->Input += count;
        window->InputLength -= count;
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint number, nint pointer) => command == ControlFlush ? 1 : 0;

    /// <summary>What the BIO reads from and writes to; in native memory, because libssl keeps its address.</summary>
    internal struct Window
    {
        /// <summary>The next byte to be read.</summary>
        public byte* Input;

        /// <summary>How many there are.</summary>
        public nuint InputLength;

        /// <summary>Where the next byte is written.</summary>
        public byte* Output;

        /// <summary>How many may be.</summary>
        public nuint OutputRoom;
    }
}
