using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Requests;

/// <content>INIT: both sides say what they can.</content>
internal sealed partial class FuseDispatcher
{
    /// <summary>The protocol that is spoken: 7, up to the minor version with COPY_FILE_RANGE_64.</summary>
    public const uint MajorVersion = 7;

    /// <summary>See <see cref="MajorVersion"/>.</summary>
    public const uint MinorVersion = 45;

    /// <summary>Linux 5.4. Before it the kernel lacks what the fast paths need (MAX_PAGES, CACHE_SYMLINKS, EXPLICIT_INVAL_DATA).</summary>
    public const uint OldestMinorVersion = 31;

    private const string PagesLimitFile = "/proc/sys/fs/fuse/max_pages_limit";
    private const int DefaultPagesLimit = 256;

    /// <summary>The kernel's limit for requests of peers that do not know MAX_PAGES.</summary>
    private const int PagesWithoutNegotiation = 32;

    /// <summary>What is wanted, as far as the kernel has it. What is left out, and why, is said in <see cref="FuseInitFlags"/>.</summary>
    private const FuseInitFlags Wanted =
        FuseInitFlags.AsyncRead
        | FuseInitFlags.AtomicOpenTruncate
        | FuseInitFlags.BigWrites
        | FuseInitFlags.DoReaddirplus
        | FuseInitFlags.ReaddirplusAuto
        | FuseInitFlags.AsyncDirectIo
        | FuseInitFlags.ParallelDirectoryOperations
        | FuseInitFlags.MaximumPages
        | FuseInitFlags.CacheSymlinks
        | FuseInitFlags.ExplicitInvalidateData
        | FuseInitFlags.HandleKillPrivilegesV2
        | FuseInitFlags.SetxattrExt
        | FuseInitFlags.InitExt
        | FuseInitFlags.HasExpireOnly
        | FuseInitFlags.DirectIoAllowMmap;

    private readonly int _maximumBackground;
    private readonly TaskCompletionSource<bool> _initialized = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when INIT is answered: true when both sides agreed.</summary>
    public Task<bool> Initialized => _initialized.Task;

    /// <summary>What was agreed.</summary>
    public FuseInitFlags Agreed { get; private set; }

    /// <summary>The kernel's minor version.</summary>
    public uint KernelMinorVersion { get; private set; }

    private void Initialize(FuseRequest request, ReadOnlySpan<byte> body)
    {
        // Before FUSE_INIT_EXT the structure ends with its flags.
        const int OldLength = 16;
        if (body.Length < OldLength)
        {
            request.Reply(Errno.EPROTO);
            _initialized.TrySetResult(false);
            return;
        }

        var arguments = default(FuseInitIn);
        body[..Math.Min(body.Length, Unsafe.SizeOf<FuseInitIn>())].CopyTo(MemoryMarshal.AsBytes(new Span<FuseInitIn>(ref arguments)));
        if (arguments.Major > MajorVersion)
        {
            // The kernel comes down to this version and sends INIT again.
            request.Reply(new FuseInitOut { Major = MajorVersion, Minor = MinorVersion });
            return;
        }

        KernelMinorVersion = arguments.Minor;
        if (arguments.Major < MajorVersion || arguments.Minor < OldestMinorVersion)
        {
            request.Reply(Errno.EPROTO);
            _initialized.TrySetResult(false);
            return;
        }

        var offered = (FuseInitFlags)arguments.Flags;
        if (offered.HasFlag(FuseInitFlags.InitExt))
            offered |= (FuseInitFlags)((ulong)arguments.Flags2 << 32);
        Agreed = offered & Wanted;

        var pages = Agreed.HasFlag(FuseInitFlags.MaximumPages) ? PagesLimit() : PagesWithoutNegotiation;
        var reply = new FuseInitOut
        {
            Major = MajorVersion,
            Minor = MinorVersion,
            MaximumReadahead = uint.MaxValue,
            Flags = (uint)Agreed,
            Flags2 = (uint)((ulong)Agreed >> 32),
            MaximumBackground = (ushort)_maximumBackground,
            CongestionThreshold = (ushort)(_maximumBackground * 3 / 4),
            MaximumWrite = (uint)(pages * Environment.SystemPageSize),
            TimeGranularity = 100,
            MaximumPages = (ushort)pages,
        };
        var delivered = request.Reply(reply);
        _logger.LogDebug("FUSE 7.{Minor}: agreed on {Flags}, {Bytes} bytes a request.", arguments.Minor, Agreed, reply.MaximumWrite);
        _initialized.TrySetResult(delivered);
    }

    /// <summary>Pages of the biggest request: no more than a buffer holds, and no more than the kernel's administrator allows.</summary>
    private static int PagesLimit()
    {
        var limit = DefaultPagesLimit;
        try
        {
            limit = int.Parse(File.ReadAllText(PagesLimitFile), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            // Before Linux 6.12 there is no such file and the limit is 256.
        }

        return Math.Clamp(limit, 1, RequestBufferPool.MaximumTransfer / Environment.SystemPageSize);
    }
}
