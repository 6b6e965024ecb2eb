using CsCheck;

namespace FtpMount.Remote.Tests;

public sealed class RemotePathTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("//", "/")]
    [InlineData("/a", "/a")]
    [InlineData("/a/", "/a")]
    [InlineData("//a///b//", "/a/b")]
    [InlineData("/./a/./b/.", "/a/b")]
    [InlineData("/a/../b", "/b")]
    [InlineData("/a/b/../..", "/")]
    [InlineData("/../../a", "/a")]
    [InlineData("/...", "/...")]
    [InlineData("/ a / b ", "/ a / b ")]
    [InlineData("/a\\b", "/a\\b")]
    public void Paths_are_normalised(string text, string value) => Assert.Equal(value, RemotePath.Parse(text).Value);

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("./a")]
    [InlineData("/a\0b")]
    [InlineData("/a\rb")]
    [InlineData("/a\nDELE b")]
    public void What_is_not_absolute_or_holds_control_characters_of_the_protocol_is_refused(string text) =>
        Assert.Equal(RemoteError.InvalidName, Assert.Throws<RemoteException>(() => RemotePath.Parse(text)).Error);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData("a\0")]
    [InlineData("a\r")]
    [InlineData("a\n")]
    public void A_name_that_no_file_can_have_is_refused_without_repeating_its_control_characters(string name)
    {
        Assert.False(RemotePath.IsValidName(name));
        var message = Assert.Throws<RemoteException>(() => RemotePath.Root.Combine(name)).Message;
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Fact]
    public void The_root_is_its_own_parent_and_has_no_name()
    {
        Assert.True(RemotePath.Root.IsRoot);
        Assert.Equal("/", RemotePath.Root.Value);
        Assert.Equal("", RemotePath.Root.Name);
        Assert.Equal(RemotePath.Root, RemotePath.Root.Parent);
        Assert.Equal(default, RemotePath.Parse("/a/.."));
    }

    [Theory]
    [InlineData("/a/b", "/a/b", true)]
    [InlineData("/a/b", "/a", true)]
    [InlineData("/a/b", "/", true)]
    [InlineData("/", "/", true)]
    [InlineData("/ab", "/a", false)]
    [InlineData("/a", "/a/b", false)]
    [InlineData("/", "/a", false)]
    [InlineData("/A", "/a", false)]
    public void A_path_lies_at_or_below_its_ancestors_only(string path, string ancestor, bool expected) =>
        Assert.Equal(expected, RemotePath.Parse(path).IsAtOrBelow(RemotePath.Parse(ancestor)));

    [Fact]
    public void Combining_and_taking_apart_are_inverse() =>
        Gen.String.Where(name => RemotePath.IsValidName(name)).Array[1, 6].Sample(names =>
        {
            var path = RemotePath.Root;
            foreach (var name in names)
            {
                var child = path.Combine(name);
                Assert.Equal(name, child.Name);
                Assert.Equal(path, child.Parent);
                Assert.Equal(path.GetHashCode(), child.Parent.GetHashCode());
                Assert.True(child.IsAtOrBelow(path));
                Assert.True(child != path);
                path = child;
            }

            Assert.Equal("/" + string.Join('/', names), path.ToString());
            Assert.Equal(path, RemotePath.Parse(path.Value));
        });
}
