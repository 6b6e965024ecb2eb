using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Tests.Content;

public sealed class FileVersionTests
{
    private static readonly DateTimeOffset Noon = new(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Another_size_is_another_version() =>
        Assert.False(new FileVersion(1, null, null).IsSameAs(new FileVersion(2, null, null)));

    [Fact]
    public void Times_are_compared_as_exactly_as_the_coarser_of_them()
    {
        var minute = new FileVersion(1, new RemoteTime(Noon, TimeSpan.FromMinutes(1)), null);
        Assert.True(minute.IsSameAs(new FileVersion(1, new RemoteTime(Noon.AddSeconds(42), TimeSpan.FromSeconds(1)), null)));
        Assert.False(minute.IsSameAs(new FileVersion(1, new RemoteTime(Noon.AddSeconds(60), TimeSpan.FromSeconds(1)), null)));
    }

    [Fact]
    public void Another_identity_is_another_version_and_an_unknown_one_is_none()
    {
        Assert.False(new FileVersion(1, null, "a").IsSameAs(new FileVersion(1, null, "b")));
        Assert.True(new FileVersion(1, null, "a").IsSameAs(new FileVersion(1, null, null)));
    }
}
