using FtpMount.Ftp.Control;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Session;

/// <content>
/// What is remembered from earlier mounts, and what is to be remembered of this one. Something remembered is where this mount begins, not what it insists on: the same replies
/// that teach a new site correct it.
/// </content>
internal sealed partial class FtpSite
{
    private readonly FtpSiteMemory? _memory = options.MemoryDirectory is { } directory ? new FtpSiteMemory(directory, options, time, logger) : null;
    private readonly Lock _memoryGate = new();
    private FtpSiteRecord? _remembered;
    private FtpSiteRecord? _saved;
    private bool _recallTried;

    /// <summary>Whether what is remembered counts; otherwise everything is found out anew, and then remembered.</summary>
    public bool MayRecall { get; init; } = true;

    /// <summary>By what the server is recognised; null before the first login.</summary>
    public FtpSiteIdentity? Identity { get; private set; }

    /// <summary>Whether what is known comes from an earlier mount and this server has not confirmed yet that it is still the same.</summary>
    public bool IsRecalled { get; private set; }

    /// <summary>How many connections the server allowed at an earlier mount; null when that is not known to be fewer than wanted.</summary>
    public int? RememberedConnectionLimit { get; private set; }

    /// <summary>Makes the observer of a new session; null for none.</summary>
    public Func<IFtpSessionObserver>? Observe { get; init; }

    /// <summary>The directory to be shown.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>.</exception>
    public RemotePath ResolveRoot(string loginFolder)
    {
        var path = Options.Path;
        if (string.IsNullOrEmpty(path))
            return RemotePath.Parse(loginFolder);
        return RemotePath.Parse(path[0] == '/' ? path : loginFolder + "/" + path);
    }

    /// <summary>Takes over what is remembered of the server, if it greets as it did.</summary>
    public void Recall(FtpReply greeting)
    {
        if (_recallTried || _features is not null || _memory?.Load() is not { } record)
            return;
        RecallProtection(record);
        if (!MayRecall || !record.Identity.Greets(greeting))
            return;
        _recallTried = true;
        Learn(record.Identity.ParseFeatures());
        foreach (var fact in FtpSiteFacts.All)
        {
            if (record.Facts.TryGetValue(fact.Name, out var support) && !fact.IsProtection && (support == FtpSupport.No || fact.TrustsYes))
                fact.Set(this, support);
        }

        UtcOffset = record.UtcOffsetMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null;
        RememberedConnectionLimit = record.ConnectionLimit;
        Identity = record.Identity;
        IsRecalled = true;
        _remembered = _saved = record;
    }

    /// <summary>
    /// That a server spoke TLS, and ended its data connections properly, holds whatever it is now: a greeting in the clear can be anybody's, and must not talk this side out of it.
    /// </summary>
    private void RecallProtection(FtpSiteRecord record)
    {
        if (record.Facts.GetValueOrDefault("tls") == FtpSupport.Yes)
            Tls = FtpSupport.Yes;
        if (record.Facts.GetValueOrDefault("closeNotify") == FtpSupport.Yes)
            CloseNotify = FtpSupport.Yes;
    }

    /// <summary>The server is the one that is remembered.</summary>
    public void ConfirmRecall()
    {
        IsRecalled = false;
        Logger.LogDebug("What {Server} can do is remembered from {Learned:u}", Options.DisplayName, _remembered!.Learned);
    }

    /// <summary>The server is not what is remembered, or does not answer as it did: everything is learned anew.</summary>
    public void ForgetRecalled()
    {
        _features = null;
        _remembered = null;
        _recallTried = true;
        var (tls, closeNotify) = (Tls, CloseNotify);
        foreach (var fact in FtpSiteFacts.All.Where(fact => !fact.IsProtection))
            fact.Set(this, FtpSupport.Unknown);
        Tls = tls == FtpSupport.Yes ? tls : FtpSupport.Unknown;
        CloseNotify = closeNotify == FtpSupport.Yes ? closeNotify : FtpSupport.Unknown;
        ExtendedDataCommands = InitialExtendedDataCommands(Options);
        UtcOffset = null;
        RememberedConnectionLimit = null;
        Identity = null;
        IsRecalled = false;
        Logger.LogInformation("{Server} has changed since it was last seen; what it can do is found out anew", Options.DisplayName);
    }

    /// <summary>The server has told what it is.</summary>
    public void Identify(FtpSiteIdentity identity) => Identity = identity;

    /// <summary>Writes what is known now, when it is more or other than what was written last.</summary>
    /// <param name="connectionLimit">How many connections the server allows, when that was learned.</param>
    public void Remember(int? connectionLimit)
    {
        if (_memory is null || Identity is not { } identity || IsRecalled)
            return;
        lock (_memoryGate)
        {
            var record = Describe(identity, connectionLimit, _remembered?.Learned ?? Time.GetUtcNow());
            if (IsSame(record, _saved))
                return;
            _memory.Save(record);
            _remembered = _saved = record;
        }
    }

    private FtpSiteRecord Describe(FtpSiteIdentity identity, int? connectionLimit, DateTimeOffset learned)
    {
        var facts = new Dictionary<string, FtpSupport>(StringComparer.Ordinal);
        foreach (var fact in FtpSiteFacts.All)
        {
            if (fact.Get(this) is var support and not FtpSupport.Unknown)
                facts[fact.Name] = support;
        }

        return new FtpSiteRecord
        {
            Version = FtpSiteRecord.CurrentVersion,
            Site = FtpSiteMemory.KeyOf(Options),
            Learned = learned,
            Identity = identity,
            Facts = facts,
            UtcOffsetMinutes = UtcOffset?.TotalMinutes,
            ConnectionLimit = connectionLimit,
        };
    }

    private static bool IsSame(FtpSiteRecord now, FtpSiteRecord? saved) =>
        saved is not null
        && now.Identity == saved.Identity
        && now.UtcOffsetMinutes == saved.UtcOffsetMinutes
        && now.ConnectionLimit == saved.ConnectionLimit
        && now.Facts.Count == saved.Facts.Count
        && now.Facts.All(fact => saved.Facts.TryGetValue(fact.Key, out var support) && support == fact.Value);

    private static FtpSupport InitialExtendedDataCommands(FtpOptions options) =>
        options.DataMode == FtpDataMode.Pasv ? FtpSupport.No : FtpSupport.Unknown;
}
