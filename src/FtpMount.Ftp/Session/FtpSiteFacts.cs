namespace FtpMount.Ftp.Session;

/// <summary>
/// All facts of a site that outlive the mount. A property of <see cref="FtpSite"/> that says what the server can do belongs in this list (a test sees to that).
/// </summary>
internal static class FtpSiteFacts
{
    /// <summary>The facts.</summary>
    public static IReadOnlyList<FtpSiteFact> All { get; } =
    [
        new("pipelining", s => s.Pipelining, (s, v) => s.Pipelining = v, TrustsYes: true),
        new("transferPipelining", s => s.TransferPipelining, (s, v) => s.TransferPipelining = v),
        new("extendedDataCommands", s => s.ExtendedDataCommands, (s, v) => s.ExtendedDataCommands = v),
        new("tls", s => s.Tls, (s, v) => s.Tls = v, TrustsYes: true) { IsProtection = true },
        new("tlsResumption", s => s.TlsResumption, (s, v) => s.TlsResumption = v),
        new("closeNotify", s => s.CloseNotify, (s, v) => s.CloseNotify = v, TrustsYes: true),
        new("abortCommand", s => s.AbortCommand, (s, v) => s.AbortCommand = v, TrustsYes: true),
        new("mlst", s => s.Mlst, (s, v) => s.Mlst = v, TrustsYes: true),
        new("mlsd", s => s.Mlsd, (s, v) => s.Mlsd = v),
        new("size", s => s.Size, (s, v) => s.Size = v, TrustsYes: true),
        new("mdtm", s => s.Mdtm, (s, v) => s.Mdtm = v, TrustsYes: true),
        new("listedTimes", s => s.ListedTimes, (s, v) => s.ListedTimes = v),
        new("mfmt", s => s.Mfmt, (s, v) => s.Mfmt = v, TrustsYes: true),
        new("mffMode", s => s.MffMode, (s, v) => s.MffMode = v, TrustsYes: true),
        new("mdtmSet", s => s.MdtmSet, (s, v) => s.MdtmSet = v),
        new("siteUtime", s => s.SiteUtime, (s, v) => s.SiteUtime = v, TrustsYes: true),
        new("siteChmod", s => s.SiteChmod, (s, v) => s.SiteChmod = v, TrustsYes: true),
        new("siteUtimeTriple", s => s.SiteUtimeTriple, (s, v) => s.SiteUtimeTriple = v, TrustsYes: true),
        new("mfct", s => s.Mfct, (s, v) => s.Mfct = v),
        new("xquota", s => s.Xquota, (s, v) => s.Xquota = v),
        new("siteQuota", s => s.SiteQuota, (s, v) => s.SiteQuota = v),
        new("hash", s => s.Hash, (s, v) => s.Hash = v),
        new("xcrc", s => s.Xcrc, (s, v) => s.Xcrc = v),
        new("xmd5", s => s.Xmd5, (s, v) => s.Xmd5 = v),
        new("md5", s => s.Md5, (s, v) => s.Md5 = v),
        new("xsha1", s => s.Xsha1, (s, v) => s.Xsha1 = v),
        new("xsha", s => s.Xsha, (s, v) => s.Xsha = v),
        new("xsha256", s => s.Xsha256, (s, v) => s.Xsha256 = v),
        new("siteSymlink", s => s.SiteSymlink, (s, v) => s.SiteSymlink = v, TrustsYes: true),
        new("siteLn", s => s.SiteLn, (s, v) => s.SiteLn = v, TrustsYes: true),
        new("siteLink", s => s.SiteLink, (s, v) => s.SiteLink = v, TrustsYes: true),
        new("siteCopy", s => s.SiteCopy, (s, v) => s.SiteCopy = v, TrustsYes: true),
        new("mlstShowsLinks", s => s.MlstShowsLinks ? FtpSupport.Yes : FtpSupport.No, (s, v) => s.MlstShowsLinks = v == FtpSupport.Yes, TrustsYes: true),
        new("pret", s => s.Pret, (s, v) => s.Pret = v, TrustsYes: true),
        new("modeZ", s => s.ModeZ, (s, v) => s.ModeZ = v, TrustsYes: true),
        new("patch", s => s.Patch, (s, v) => s.Patch = v),
        new("rang", s => s.Rang, (s, v) => s.Rang = v, TrustsYes: true),
        new("avbl", s => s.Avbl, (s, v) => s.Avbl = v, TrustsYes: true),
        new("listAll", s => s.ListAll, (s, v) => s.ListAll = v),
        new("statFilter", s => s.StatFilter, (s, v) => s.StatFilter = v),
        new("statFile", s => s.StatFile, (s, v) => s.StatFile = v),
        new("cleanAbort", s => s.CleanAbort, (s, v) => s.CleanAbort = v),
        new("atomicReplace", s => s.AtomicReplace, (s, v) => s.AtomicReplace = v),
        new("restartStore", s => s.RestartStore, (s, v) => s.RestartStore = v),
        new("trailingSpace", s => s.TrailingSpace, (s, v) => s.TrailingSpace = v),
        new("controlCharacters", s => s.ControlCharacters, (s, v) => s.ControlCharacters = v),
        new("rawBytes", s => s.RawBytes, (s, v) => s.RawBytes = v),
        new("iacDoubling", s => s.IacDoubling, (s, v) => s.IacDoubling = v, TrustsYes: true),
        new("longBursts", s => s.BearsLongBursts ? FtpSupport.Yes : FtpSupport.No, (s, v) => s.BearsLongBursts = v == FtpSupport.Yes, TrustsYes: true),
    ];
}
