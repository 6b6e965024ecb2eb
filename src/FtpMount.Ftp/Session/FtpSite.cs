using System.Net.Sockets;
using FtpMount.Ftp.Control;
using FtpMount.Remote;
using FtpMount.Remote.Network;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Session;

/// <summary>
/// What is known of one server, shared by all its connections: options, features, and what replies have taught. A fact is learned once and then
/// costs no further round trip. All members may be used from any thread; a lost race costs one more try of something harmless.
/// </summary>
internal sealed partial class FtpSite(FtpOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Bursts in a row that may break off half way before the site is used one command at a time.</summary>
    private const int BrokenBurstsBeforeGivingUp = 2;

    private const long OffsetUnknown = long.MinValue;

    /// <summary>How many directories with links that MLSD leaves out are remembered.</summary>
    private const int MostHiddenLinks = 1000;

    private readonly System.Collections.Concurrent.ConcurrentDictionary<RemotePath, bool> _hiddenLinks = new();
    private volatile FtpFeatures? _features;
    private volatile bool _listsLinks;
    private volatile bool _tellsOwners;
    private int _brokenBursts;
    private long _utcOffsetTicks = OffsetUnknown;
    private int _mdtmSetFailures;
    private int _listedTimesFailures;
    private int _missingEnds;
    private int _earlyFailures;
    private long _commands;
    private long _bytesReceived;
    private long _bytesSent;

    /// <summary>The options.</summary>
    public FtpOptions Options { get; } = options;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>The log.</summary>
    public ILogger Logger { get; } = logger;

    /// <summary>Makes the connections.</summary>
    public NetworkConnector Connector { get; } = new(options.Network, time);

    /// <summary>The limits of rate that all connections share; null when there are none.</summary>
    public RateLimiter? Limiter { get; } = options.Network.Rates is { } rates ? new RateLimiter(rates, time) : null;

    /// <summary>Whether compressing downloads gains anything on this line.</summary>
    public CompressionGain DownloadGain { get; } = new(time);

    /// <summary>TLS: handshakes and whom to trust.</summary>
    public FtpSiteSecurity Security { get; } = new(options, time, logger);

    /// <summary>The charset of names.</summary>
    public NameCodec Codec { get; } = options.Encoding is { } encoding ? new NameCodec(encoding) : NameCodec.Utf8;

    /// <summary>The FEAT reply of the first login; null before it.</summary>
    public FtpFeatures? Features => _features;

    /// <summary>What the server said it is.</summary>
    public string? ServerSoftware { get; set; }

    /// <summary>Several commands in one packet.</summary>
    public FtpSupport Pipelining { get; set; }

    /// <summary>
    /// Bursts of commands longer than ProFTPD bears (see <c>FtpConnection.Burst.cs</c>): a server that tells its features and does not have MLST, as vsftpd; ProFTPD
    /// has it, even where the administrator forbids its use.
    /// </summary>
    public bool BearsLongBursts { get; set; }

    /// <summary>The commands that open a transfer in one packet.</summary>
    public FtpSupport TransferPipelining { get; set; }

    /// <summary>Ports asked for, and data connections made, before it is known what for.</summary>
    public FtpSupport EarlyPorts { get; set; }

    /// <summary>USER, PASS and what follows in one packet.</summary>
    public FtpSupport LoginPipelining { get; set; }

    /// <summary>EPSV (or EPRT in active mode); when No, PASV (or PORT).</summary>
    public FtpSupport ExtendedDataCommands { get; set; } = InitialExtendedDataCommands(options);

    /// <summary>Whether a data connection has been made with the data command in use: only then may STOR follow it in one packet, because a STOR without data connection empties the file.</summary>
    public bool DataConnectionsProven { get; set; }

    /// <summary>
    /// AUTH TLS (RFC 4217). Once Yes, an unencrypted session is an error: somebody in between takes the offer away. No: the server refused it and is not asked again.
    /// </summary>
    public FtpSupport Tls { get; set; }

    /// <summary>
    /// Data connections that resume the session of their control connection. No: the server breaks them off (pyftpdlib as Debian has it), so they begin with a full handshake.
    /// </summary>
    public FtpSupport TlsResumption { get; set; }

    /// <summary>
    /// Whether the server ends TLS data connections with close_notify. Once Yes, one that ends without was cut short by somebody in between. No: it has been seen never to do
    /// so, and the final reply on the control connection must do.
    /// </summary>
    public FtpSupport CloseNotify { get; set; }

    /// <summary>ABOR during a download over TLS ends it, with two replies: one for the transfer and one for itself.</summary>
    public FtpSupport AbortCommand { get; set; }

    /// <summary>MLST.</summary>
    public FtpSupport Mlst { get; set; }

    /// <summary>MLSD.</summary>
    public FtpSupport Mlsd { get; set; }

    /// <summary>SIZE.</summary>
    public FtpSupport Size { get; set; }

    /// <summary>MDTM.</summary>
    public FtpSupport Mdtm { get; set; }

    /// <summary>MDTM of many files in one burst, after a LIST.</summary>
    public FtpSupport ListedTimes { get; set; }

    /// <summary>MFMT.</summary>
    public FtpSupport Mfmt { get; set; }

    /// <summary>MODE Z (draft-preston-ftpext-deflate): data connections that carry a zlib stream.</summary>
    public FtpSupport ModeZ { get; set; }

    /// <summary>MFF with <c>UNIX.mode</c>.</summary>
    public FtpSupport MffMode { get; set; }

    /// <summary>MFF with <c>UNIX.group</c>.</summary>
    public FtpSupport MffGroup { get; set; }

    /// <summary>MFF with <c>UNIX.owner</c>.</summary>
    public FtpSupport MffOwner { get; set; }

    /// <summary>SITE CHGRP (ProFTPD).</summary>
    public FtpSupport SiteChgrp { get; set; }

    /// <summary>SITE CHOWN.</summary>
    public FtpSupport SiteChown { get; set; }

    /// <summary>MDTM with a time before the path sets it.</summary>
    public FtpSupport MdtmSet { get; set; }

    /// <summary>SITE UTIME.</summary>
    public FtpSupport SiteUtime { get; set; }

    /// <summary>SITE CHMOD.</summary>
    public FtpSupport SiteChmod { get; set; }

    /// <summary>SITE UTIME with path, three times and <c>UTC</c> (Pure-FTPd, wu-ftpd).</summary>
    public FtpSupport SiteUtimeTriple { get; set; }

    /// <summary>How far the time zone of SITE UTIME with one time is ahead of UTC; null until it was compared with MDTM.</summary>
    public TimeSpan? UtimeOffset { get; set; }

    /// <summary>MFCT (draft-somers-ftp-mfxx).</summary>
    public FtpSupport Mfct { get; set; }

    /// <summary>XQUOTA.</summary>
    public FtpSupport Xquota { get; set; }

    /// <summary>SITE QUOTA (ProFTPD's mod_quotatab).</summary>
    public FtpSupport SiteQuota { get; set; }

    /// <summary>SITE DF, with a reply that names its numbers.</summary>
    public FtpSupport SiteDf { get; set; }

    /// <summary>HASH (draft-bryan-ftp-hash); its algorithms are a parameter of the feature.</summary>
    public FtpSupport Hash { get; set; }

    /// <summary>XCRC.</summary>
    public FtpSupport Xcrc { get; set; }

    /// <summary>XMD5.</summary>
    public FtpSupport Xmd5 { get; set; }

    /// <summary>MD5 (draft-twine-ftpmd5).</summary>
    public FtpSupport Md5 { get; set; }

    /// <summary>XSHA1.</summary>
    public FtpSupport Xsha1 { get; set; }

    /// <summary>XSHA, which is SHA-1.</summary>
    public FtpSupport Xsha { get; set; }

    /// <summary>XSHA256.</summary>
    public FtpSupport Xsha256 { get; set; }

    /// <summary>SITE SYMLINK (ProFTPD's mod_site_misc).</summary>
    public FtpSupport SiteSymlink { get; set; }

    /// <summary>SITE LN -s.</summary>
    public FtpSupport SiteLn { get; set; }

    /// <summary>SITE LINK.</summary>
    public FtpSupport SiteLink { get; set; }

    /// <summary>SITE CPFR and SITE CPTO (ProFTPD's mod_copy).</summary>
    public FtpSupport SiteCopy { get; set; }

    /// <summary>MLST shows a link as a link.</summary>
    public bool MlstShowsLinks { get; set; }

    /// <summary>The permission bits that MLSD and MLST show of links: 0777 on Linux.</summary>
    public int LinkMode { get; private set; } = 0x1FF;

    /// <summary>Whether MLST may show the target in place of the link: where MLSD shows links and MLST was not seen to, and on ProFTPD.</summary>
    public bool MlstMayFollowLinks => !MlstShowsLinks && (_listsLinks || _tellsOwners);

    /// <summary>PRET before PASV and EPSV, where the machine that has the file is chosen by it (drftpd, glftpd). Pure-FTPd announces it and does without.</summary>
    public FtpSupport Pret { get; set; }

    /// <summary>REST and STOR replace a part of a file and keep what follows it.</summary>
    public FtpSupport Patch { get; set; }

    /// <summary>What every path begins with on the server: the drive where PWD shows <c>C:\folder</c>; empty where paths begin with a slash.</summary>
    public string PathPrefix { get; set; } = "";

    /// <summary>How far the server's clock is ahead of ours, to about a second; null until a file was uploaded.</summary>
    public TimeSpan? ClockSkew { get; set; }

    /// <summary>RANG (draft-bryan-ftp-range).</summary>
    public FtpSupport Rang { get; set; }

    /// <summary>AVBL.</summary>
    public FtpSupport Avbl { get; set; }

    /// <summary><c>LIST -a</c> shows hidden files and does not break.</summary>
    public FtpSupport ListAll { get; set; }

    /// <summary><c>STAT /dir/{name}</c> gives one line about that name (vsftpd's filter; see <c>FtpStat</c>).</summary>
    public FtpSupport StatFilter { get; set; }

    /// <summary><c>STAT /dir/file</c> gives one line about that file.</summary>
    public FtpSupport StatFile { get; set; }

    /// <summary>After a data connection was closed early exactly one reply comes.</summary>
    public FtpSupport CleanAbort { get; set; }

    /// <summary>RNTO replaces a file that exists.</summary>
    public FtpSupport AtomicReplace { get; set; }

    /// <summary>REST before STOR.</summary>
    public FtpSupport RestartStore { get; set; }

    /// <summary>Names that end with a space are kept as they are.</summary>
    public FtpSupport TrailingSpace { get; set; }

    /// <summary>Control characters in names are kept as they are.</summary>
    public FtpSupport ControlCharacters { get; set; }

    /// <summary>Bytes in names that are no text in the site's charset are kept and listed as they are; asked only where LIST is all there is.</summary>
    public FtpSupport RawBytes { get; set; }

    /// <summary>An argument with spaces is one path. No: the server divides it at the spaces.</summary>
    public FtpSupport Spaces { get; set; }

    /// <summary>The characters of <see cref="PatternCharacters"/> stand for themselves in a path. No: the server takes a path for a pattern.</summary>
    public FtpSupport Patterns { get; set; }

    /// <summary>
    /// Whether <see cref="Spaces"/> and <see cref="Patterns"/> are known of the commands that change something, too: because the server announces TVFS (RFC 3659 section 6), in
    /// which nothing but the slash has a meaning, or because it was tried on files made for it.
    /// </summary>
    public FtpSupport ChangesAsNamed { get; set; }

    /// <summary>The byte 255 must be doubled (Telnet's IAC; ProFTPD).</summary>
    public FtpSupport IacDoubling { get; set; }

    /// <summary>How far the times of LIST are ahead of UTC; null until a listing has been compared with MDTM.</summary>
    public TimeSpan? UtcOffset
    {
        get
        {
            var ticks = Interlocked.Read(ref _utcOffsetTicks);
            return ticks == OffsetUnknown ? null : new TimeSpan(ticks);
        }
        set => Interlocked.Exchange(ref _utcOffsetTicks, value?.Ticks ?? OffsetUnknown);
    }

    /// <summary>Commands sent on all connections.</summary>
    public long Commands => Interlocked.Read(ref _commands);

    /// <summary>Content received.</summary>
    public long BytesReceived => Interlocked.Read(ref _bytesReceived);

    /// <summary>Content sent.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>Counts commands.</summary>
    public void CountCommands(int count) => Interlocked.Add(ref _commands, count);

    /// <summary>Counts content received.</summary>
    public void CountReceived(long bytes) => Interlocked.Add(ref _bytesReceived, bytes);

    /// <summary>Counts content sent.</summary>
    public void CountSent(long bytes) => Interlocked.Add(ref _bytesSent, bytes);

    /// <summary>Takes over what FEAT announces.</summary>
    public void Learn(FtpFeatures features)
    {
        _features = features;
        if (!features.IsKnown)
            return;
        // An announcement is not yet a proof: ProFTPD announces MLSD and refuses it (550) where the administrator forbids it.
        Mlst = Mlsd = features.Has("MLST") || features.Has("MLSD") ? FtpSupport.Unknown : FtpSupport.No;
        BearsLongBursts = Mlst == FtpSupport.No;
        Mfmt = Announced("MFMT");
        Rang = Announced("RANG");
        Avbl = Announced("AVBL");
        SiteCopy = features.Has("SITE COPY") || features.Has("SITE CPFR") ? FtpSupport.Yes : FtpSupport.Unknown;
        Hash = Announced("HASH");
        Xcrc = Announced("XCRC");
        Xmd5 = Announced("XMD5");
        Md5 = Announced("MD5");
        Xsha1 = Announced("XSHA1");
        Xsha = Announced("XSHA");
        Xsha256 = Announced("XSHA256");
        // ESTA is Pure-FTPd's own.
        Pret = features.Has("PRET") && !features.Has("ESTA") ? FtpSupport.Yes : FtpSupport.No;
        Mfct = Announced("MFCT");
        Xquota = Announced("XQUOTA");
        SiteSymlink = features.Has("SITE SYMLINK") ? FtpSupport.Yes : FtpSupport.Unknown;
        // ProFTPD's name of the fact; others say UNIX.uid.
        _tellsOwners = features.MlstFacts.Any(fact => fact.Name.Equals("UNIX.owner", StringComparison.OrdinalIgnoreCase));
        // "MODE Z" in a line of its own.
        ModeZ = features.ParametersOf("MODE").Split(' ').Contains("Z", StringComparer.OrdinalIgnoreCase) ? FtpSupport.Yes : FtpSupport.No;
        MffMode = Modifies("unix.mode");
        MffGroup = Modifies("unix.group");
        MffOwner = Modifies("unix.owner");
        // The promise is believed of spaces; Pure-FTPd gives it and yet takes arguments of LIST for patterns, so those are tried before they are used.
        Spaces = ChangesAsNamed = features.Has("TVFS") ? FtpSupport.Yes : FtpSupport.Unknown;
        Size = features.Has("SIZE") ? FtpSupport.Yes : FtpSupport.Unknown;
        Mdtm = features.Has("MDTM") ? FtpSupport.Yes : FtpSupport.Unknown;

        FtpSupport Announced(string feature) => features.Has(feature) ? FtpSupport.Yes : FtpSupport.No;

        FtpSupport Modifies(string fact) => features.ParametersOf("MFF").Contains(fact, StringComparison.OrdinalIgnoreCase) ? FtpSupport.Unknown : FtpSupport.No;
    }

    /// <summary>All replies to a packet with more than one command came.</summary>
    public void NoteWholeBurst()
    {
        _brokenBursts = 0;
        if (Pipelining == FtpSupport.Unknown)
            Pipelining = FtpSupport.Yes;
    }

    /// <summary>
    /// Only some of the replies came. When the server had borne such packets before and the link was lost, that says nothing; missing replies do.
    /// </summary>
    public void NoteBrokenBurst(RemoteError failure, FtpSupport before)
    {
        if (before == FtpSupport.Yes && failure != RemoteError.TimedOut)
            return;
        if (Interlocked.Increment(ref _brokenBursts) >= BrokenBurstsBeforeGivingUp && Pipelining != FtpSupport.No)
        {
            Pipelining = TransferPipelining = FtpSupport.No;
            Logger.LogWarning("{Server} loses commands that arrive together; they are sent one at a time from now on", Options.DisplayName);
        }
    }

    /// <summary>The server had no port to give: sessions that are idle may hold none any more.</summary>
    public void NoteNoPort(FtpReply refusal)
    {
        if (EarlyPorts == FtpSupport.No)
            return;
        EarlyPorts = FtpSupport.No;
        Logger.LogInformation("{Server} gives no port in advance ({Reply}); each is asked for when it is needed", Options.DisplayName, refusal.Text);
    }

    /// <summary>A transfer over a data connection that was made early went well, or broke before its first byte.</summary>
    public void NoteEarlyTransfer(bool wasGood)
    {
        const int FailuresBeforeGivingUp = 2;
        if (wasGood)
        {
            _earlyFailures = 0;
            if (EarlyPorts == FtpSupport.Unknown)
                EarlyPorts = FtpSupport.Yes;
        }
        else if (Interlocked.Increment(ref _earlyFailures) >= FailuresBeforeGivingUp && EarlyPorts != FtpSupport.No)
        {
            EarlyPorts = FtpSupport.No;
            Logger.LogInformation("{Server} does not bear data connections that wait for their transfer; they are made when they are needed", Options.DisplayName);
        }
    }

    /// <summary>A data connection that resumed the session of its control connection was broken off, and none has worked so far.</summary>
    public void NoteResumptionBroken()
    {
        TlsResumption = FtpSupport.No;
        Logger.LogInformation("{Server} breaks off data connections that resume a TLS session; they begin with a full handshake from now on", Options.DisplayName);
    }

    /// <summary>A whole data connection ended with close_notify.</summary>
    public void NoteCloseNotify()
    {
        _missingEnds = 0;
        CloseNotify = FtpSupport.Yes;
    }

    /// <summary>
    /// A TLS data connection ended without close_notify, and yet what came is known to be whole. Somebody in between can do that, too, so only several in a row, and never one
    /// with, say that it is the server's way.
    /// </summary>
    public void NoteMissingCloseNotify()
    {
        const int MissingBeforeGivingUp = 3;
        if (CloseNotify == FtpSupport.Unknown && Interlocked.Increment(ref _missingEnds) >= MissingBeforeGivingUp)
        {
            CloseNotify = FtpSupport.No;
            Logger.LogWarning(
                "{Server} never ends its TLS data connections as it should (close_notify); that a listing is whole is believed by the final reply alone", Options.DisplayName);
        }
    }

    /// <summary>A reply in a long burst was no FTP.</summary>
    public void NoteGarbledBurst()
    {
        BearsLongBursts = false;
        Logger.LogWarning("{Server} garbles its replies to many commands; fewer are sent at once from now on", Options.DisplayName);
    }

    /// <summary>
    /// Two-argument MDTM was refused for a file that exists. That may concern the one file, so only several without a success count.
    /// </summary>
    public void NoteMdtmSetRefused()
    {
        const int FailuresBeforeGivingUp = 3;
        if (MdtmSet == FtpSupport.Unknown && Interlocked.Increment(ref _mdtmSetFailures) >= FailuresBeforeGivingUp)
            MdtmSet = FtpSupport.No;
    }

    /// <summary>MDTM told times of files of a listing.</summary>
    public void NoteListedTimesAnswered()
    {
        _listedTimesFailures = 0;
        ListedTimes = FtpSupport.Yes;
    }

    /// <summary>
    /// MDTM told no time of any file of a listing. That may concern those files, or the link, so only several in a row count; refusals not any more once it has worked.
    /// </summary>
    /// <param name="broken">The session ended over it, as it does where many commands are taken for an attack.</param>
    public void NoteListedTimesFailed(bool broken)
    {
        const int FailuresBeforeGivingUp = 3;
        if (!broken && ListedTimes == FtpSupport.Yes)
            return;
        if (Interlocked.Increment(ref _listedTimesFailures) >= FailuresBeforeGivingUp && ListedTimes != FtpSupport.No)
        {
            ListedTimes = FtpSupport.No;
            if (!broken)
                Mdtm = FtpSupport.No; // not even the time zone can be learned from it
            Logger.LogWarning("{Server} does not tell the times of the files of a listing; they are as exact as LIST shows them", Options.DisplayName);
        }
    }

    /// <summary>The server's clock showed this time a moment ago.</summary>
    public void NoteClock(RemoteTime? shown)
    {
        // Less than this is the time that the last replies took.
        var noise = TimeSpan.FromSeconds(2);
        if (shown is not { } time)
            return;
        var skew = time.Value - Time.GetUtcNow();
        ClockSkew = skew.Duration() <= noise ? TimeSpan.Zero : skew;
        if (ClockSkew != TimeSpan.Zero)
            Logger.LogWarning("The clock of {Server} is {Seconds:0} s {Direction}", Options.DisplayName, skew.Duration().TotalSeconds, skew > TimeSpan.Zero ? "ahead" : "behind");
    }

    /// <summary>MLSD showed a link.</summary>
    public void NoteListedLink(RemoteEntry link)
    {
        _listsLinks = true;
        if (link.Mode is { } mode)
            LinkMode = mode;
    }

    /// <summary>Whether MLSD is known to leave out links of a directory.</summary>
    public bool HasHiddenLinks(RemotePath directory) => !_hiddenLinks.IsEmpty && _hiddenLinks.ContainsKey(directory);

    /// <summary>Remembers whether MLSD leaves out links of a directory.</summary>
    public void NoteHiddenLinks(RemotePath directory, bool hides)
    {
        if (!hides)
            _hiddenLinks.TryRemove(directory, out _);
        else if (_hiddenLinks.Count < MostHiddenLinks)
            _hiddenLinks.TryAdd(directory, true);
    }

    /// <inheritdoc/>
    public void Dispose() => Security.Dispose();

    /// <summary>The path as bytes, in the server's charset.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: the charset has no bytes for it.</exception>
    public ReadOnlyMemory<byte> Encode(RemotePath path) => Codec.Encode(PathPrefix.Length == 0 ? path.Value : PathPrefix + path.Value);

    /// <summary>A command whose argument is a path.</summary>
    public FtpCommand Command(string verb, RemotePath path) => new(verb, Encode(path), path);

    /// <summary>Whether the server can be reached over this kind of address with PASV and PORT, which know IPv4 only.</summary>
    public static bool HasClassicDataCommands(AddressFamily family) => family == AddressFamily.InterNetwork;
}
