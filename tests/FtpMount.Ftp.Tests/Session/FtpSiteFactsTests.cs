using System.Reflection;
using FtpMount.Ftp.Session;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Session;

public sealed class FtpSiteFactsTests
{
    /// <summary>What is no fact of the server, or is told anew by every first login.</summary>
    private static readonly string[] NotRemembered =
    [
        nameof(FtpSite.DataConnectionsProven), // only a proof of this mount lets a STOR go with its data command
        nameof(FtpSite.MlstMayFollowLinks), // follows from others
        nameof(FtpSite.IsRecalled),
        nameof(FtpSite.MayRecall),
    ];

    private static FtpSite NewSite() =>
        new(new FtpOptions { Host = "h", User = "u", Password = "p" }, TimeProvider.System, NullLogger.Instance);

    [Fact]
    public void Every_property_that_says_what_a_server_can_do_is_remembered()
    {
        var properties = typeof(FtpSite).GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => (property.PropertyType == typeof(FtpSupport) || property.PropertyType == typeof(bool)) && !NotRemembered.Contains(property.Name));
        foreach (var property in properties)
        {
            var site = NewSite();
            var before = FtpSiteFacts.All.Select(fact => fact.Get(site)).ToList();
            Assert.True(property.SetMethod is not null, $"{property.Name} cannot be set, so it cannot be remembered");
            property.SetValue(site, property.PropertyType == typeof(bool) ? !(bool)property.GetValue(site)! : FtpSupport.No);
            var changed = FtpSiteFacts.All.Where((fact, i) => fact.Get(site) != before[i]).ToList();
            Assert.True(changed.Count == 1, $"FtpSite.{property.Name} is not in FtpSiteFacts");
            changed[0].Set(site, FtpSupport.Yes);
            Assert.Equal(property.PropertyType == typeof(bool) ? true : FtpSupport.Yes, property.GetValue(site));
        }
    }

    [Fact]
    public void Facts_have_names_of_their_own() =>
        Assert.Equal(FtpSiteFacts.All.Count, FtpSiteFacts.All.Select(fact => fact.Name).Distinct(StringComparer.Ordinal).Count());
}
