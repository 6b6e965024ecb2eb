using FtpMount.Service.Queue;

namespace FtpMount.Service.Tests.Queue;

public sealed class QueuePathsTests
{
    [Theory]
    [InlineData("/mnt/photos/2026/a.jpg", "/srv/photos", "/srv/photos/2026/a.jpg")]
    [InlineData("/mnt/photos/", "/srv/photos", "/srv/photos")]
    [InlineData("/mnt/photos/a", "/", "/a")]
    [InlineData("/mnt/photos", "/", "/")]
    [InlineData("2026/a.jpg", "/srv/photos", "/srv/photos/2026/a.jpg")]
    [InlineData("./2026//x/../a.jpg", "/", "/2026/a.jpg")]
    [InlineData("/srv/photos/2026/a.jpg", "/srv/photos", "/srv/photos/2026/a.jpg")]
    [InlineData("/mnt/photosets/a", "/srv/photos", "/mnt/photosets/a")]
    public void A_file_is_named_as_it_is_seen_or_relative_or_by_its_path_on_the_server(string given, string root, string path) =>
        Assert.Equal(path, QueuePaths.ToServer(given, "/mnt/photos", root));

    [Theory]
    [InlineData("/a/b", "/a", true)]
    [InlineData("/a", "/a", true)]
    [InlineData("/ab", "/a", false)]
    [InlineData("/a", "/a/b", false)]
    [InlineData("/a", "/", true)]
    public void Below_is_by_whole_names(string path, string ancestor, bool isBelow) => Assert.Equal(isBelow, QueuePaths.IsAtOrBelow(path, ancestor));
}
